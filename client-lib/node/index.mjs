// import { connect } from 'ringpost': the same objects as require('ringpost') gives.
import ringpost from './index.js';

export const { connect, PublishError } = ringpost;
export default ringpost;
