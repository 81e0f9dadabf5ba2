// connect.disabled(): a deployment without the licence. Needs no daemon and no addon.
'use strict';

const { makeApi } = require('./facade.js');
const { refusal } = require('./publish_error.js');

function disabled() {
  const api = makeApi((kafkaId, topic) => {
    throw refusal(kafkaId, topic, 'DISABLED', 'publishing is switched off for this deployment; ask the administrator');
  });
  return Object.freeze({ api, instances: () => [], close() {} });
}

module.exports = { disabled };
