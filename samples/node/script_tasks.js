// bpmn-engine's script tasks, with `api` in each script's scope beside what the engine puts there.
'use strict';

const { Script } = require('node:vm');

class ScriptTasks {
  #scripts = new Map();
  #api;

  constructor(api) {
    this.#api = api;
  }

  register({ id, type, behaviour, environment }) {
    const condition = behaviour.conditionExpression;
    const language = type === 'bpmn:SequenceFlow' ? condition?.language : behaviour.scriptFormat;
    const body = type === 'bpmn:SequenceFlow' ? condition?.body : behaviour.script;
    if (!body || !/^(javascript|js)$/i.test(language ?? '')) return;
    const script = new Script(body, { filename: `${type}/${id}` });
    const execute = (scope, next) =>
      script.runInNewContext({ ...scope, ...environment.timers.register(scope), next, api: this.#api });
    this.#scripts.set(id, { execute });
  }

  getScript(language, { id }) {
    return this.#scripts.get(id);
  }
}

module.exports = { ScriptTasks };
