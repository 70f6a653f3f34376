'use strict';

// An SQS on a free port of 127.0.0.1: its first line of output is the port. It ends
// with its standard input. fauxqs's own command listens on every address.
const path = require('node:path');
const { pathToFileURL } = require('node:url');

/** @param {string} file a module of fauxqs, which its package.json does not export */
const load = (file) =>
  import(pathToFileURL(path.join(__dirname, 'node_modules', 'fauxqs', 'dist', file)).href);

async function main() {
  const { buildApp } = await load('app.js');
  const { SqsStore } = await load('sqs/sqsStore.js');
  const { SnsStore } = await load('sns/snsStore.js');
  const { S3Store } = await load('s3/s3Store.js');
  const sqsStore = new SqsStore();
  const stores = { sqsStore, snsStore: new SnsStore(), s3Store: new S3Store() };
  const app = buildApp({ logger: false, stores });
  await app.listen({ host: '127.0.0.1', port: 0 });
  console.log(app.server.address().port);
}

process.stdin.on('end', () => process.exit(0)).resume();
main().catch((err) => {
  console.error(err);
  process.exit(1);
});
