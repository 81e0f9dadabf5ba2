// require('ringpost'). What it exports is described in index.d.ts.
'use strict';

const { PublishError } = require('./lib/publish_error.js');
const { connect } = require('./lib/connect.js');
const { disabled } = require('./lib/disabled.js');
const { recording } = require('./lib/recording.js');

connect.disabled = disabled;
connect.recording = recording;

module.exports = { connect, PublishError };
