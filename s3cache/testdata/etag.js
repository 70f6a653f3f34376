'use strict'
// Reads a JSON array of base64 bodies; writes the ETags that Next.js gives them.
const path = require('node:path')
const { generateETag } = require(path.resolve('node_modules/next/dist/server/lib/etag.js'))

const bodies = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
process.stdout.write(
  JSON.stringify(bodies.map((body) => generateETag(Buffer.from(body, 'base64').toString('utf8'))))
)
