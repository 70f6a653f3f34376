// Answers questions with the libraries that Next itself uses: reads one JSON
// document from stdin, writes one to stdout.
const picomatch = require('next/dist/compiled/picomatch')
const accept = require('next/dist/compiled/@hapi/accept')
const { isPrivateIp } = require('next/dist/server/is-private-ip')

const asked = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))

/** getSupportedMimeType of next/dist/server/image-optimizer.js. */
function negotiate(header, formats) {
  try {
    const type = accept.mediaType(header, formats)
    return header.includes(type) ? type : ''
  } catch {
    return 'error'
  }
}

process.stdout.write(
  JSON.stringify({
    globs: asked.globs.map((glob) =>
      [true, false].map((dot) => {
        const expression = picomatch.makeRe(glob, dot ? { dot } : undefined)
        return asked.names.map((name) => expression.test(name))
      })
    ),
    accepts: asked.accepts.map((header) => asked.formats.map((formats) => negotiate(header, formats))),
    addresses: asked.addresses.map((address) => isPrivateIp(address)),
  })
)
