'use strict';

// A DynamoDB on a free port of 127.0.0.1: its first line of output is the port. It ends
// with its standard input.
const dynalite = require('dynalite');

const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
// dynalite throws when a client leaves in the middle of a request, where a service
// goes on.
process.on('uncaughtException', (err) => {
  if (err.code !== 'ECONNRESET') {
    console.error(err);
    process.exit(1);
  }
});
process.stdin.on('end', () => process.exit(0)).resume();
