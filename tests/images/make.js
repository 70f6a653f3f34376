// Makes the pictures of the fixture in public/made with sharp, the library
// that `next start` itself uses, and a few files written by hand that no
// encoder makes. Everything is computed: no picture is checked in.
const { mkdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { deflateSync, crc32 } = require('node:zlib')
const sharp = require('sharp')

const folder = join(__dirname, 'public', 'made')

/** A picture with smooth areas, edges and fine texture, as raw pixels. */
function picture(width, height, channels) {
  const pixels = Buffer.alloc(width * height * channels)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = x / width
      const v = y / height
      const at = (y * width + x) * channels
      const disc = Math.hypot(u - 0.35, v - 0.45) < 0.22 ? 70 : 0
      const bars = v > 0.75 && Math.floor(u * 24) % 2 ? 60 : 0
      const texture = 14 * Math.sin(u * 60) * Math.sin(v * 45)
      pixels[at] = Math.max(0, Math.min(255, 40 + 150 * u + disc + texture))
      pixels[at + 1] = Math.max(0, Math.min(255, 30 + 140 * v + bars + texture))
      pixels[at + 2] = Math.max(0, Math.min(255, 200 - 120 * u * v - disc + bars))
      if (channels === 4) pixels[at + 3] = Math.min(255, Math.round(255 * Math.min(1, 1.6 * v + 0.1)))
    }
  }
  return sharp(pixels, { raw: { width, height, channels } })
}

/** One PNG chunk. */
function chunk(name, content) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(content.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body) >>> 0, body.length + 4)
  return out
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** A grey PNG header for the size, with the chunks that follow. */
function png(width, height, ...chunks) {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  return Buffer.concat([signature, chunk('IHDR', header), ...chunks, chunk('IEND', Buffer.alloc(0))])
}

function animatedPng() {
  const control = Buffer.alloc(8)
  control.writeUInt32BE(2, 0)
  const frame = (sequence) => {
    const out = Buffer.alloc(26)
    out.writeUInt32BE(sequence, 0)
    out.writeUInt32BE(8, 4)
    out.writeUInt32BE(8, 8)
    out.writeUInt16BE(1, 20)
    out.writeUInt16BE(10, 22)
    return chunk('fcTL', out)
  }
  const rows = (grey) => {
    const raw = Buffer.alloc(8 * 9)
    for (let y = 0; y < 8; y++) raw.fill(grey, y * 9 + 1, y * 9 + 9)
    return deflateSync(raw)
  }
  const second = Buffer.concat([Buffer.from([0, 0, 0, 2]), rows(200)])
  return png(8, 8, chunk('acTL', control), frame(0), chunk('IDAT', rows(20)), frame(1), chunk('fdAT', second))
}

async function main() {
  mkdirSync(folder, { recursive: true })
  const write = (name, content) => writeFileSync(join(folder, name), content)
  const frames = Buffer.concat([await picture(64, 48, 3).raw().toBuffer(), await picture(64, 48, 3).negate().raw().toBuffer()])
  const animation = () => sharp(frames, { raw: { width: 64, height: 96, channels: 3, pageHeight: 48 } })

  const photo = await picture(1600, 1067, 3).jpeg({ quality: 92 }).toBuffer()
  write('photo.jpg', photo)
  write('photo', photo)
  write('blue pot.v2.jpg', photo)
  write('größe.jpg', photo)
  write('photo-444.jpg', await picture(900, 600, 3).jpeg({ quality: 90, chromaSubsampling: '4:4:4', progressive: true }).toBuffer())
  write('grey.jpg', await picture(700, 500, 3).greyscale().jpeg({ quality: 90 }).toBuffer())
  write('cmyk.jpg', await picture(700, 500, 3).toColourspace('cmyk').jpeg({ quality: 90 }).toBuffer())
  write('wide-gamut.jpg', await picture(800, 600, 3).withIccProfile('p3').jpeg({ quality: 92 }).toBuffer())
  for (let turn = 1; turn <= 8; turn++) {
    write(`turn-${turn}.jpg`, await picture(400, 260, 3).withMetadata({ orientation: turn }).jpeg({ quality: 92 }).toBuffer())
  }
  write('small.png', await picture(40, 30, 3).png().toBuffer())
  write('alpha.png', await picture(500, 400, 4).png().toBuffer())
  write('deep.png', await picture(500, 400, 3).toColourspace('rgb16').png().toBuffer())
  write('palette.png', await picture(500, 400, 3).png({ palette: true, colours: 32 }).toBuffer())
  write('tall.png', await picture(20, 1500, 3).png().toBuffer())
  write('photo.webp', await picture(900, 600, 3).webp({ quality: 90 }).toBuffer())
  write('alpha.webp', await picture(500, 400, 4).webp({ lossless: true }).toBuffer())
  write('photo.avif', await picture(600, 400, 3).avif({ quality: 80, effort: 0 }).toBuffer())
  write('alpha.avif', await picture(300, 240, 4).avif({ quality: 80, effort: 0 }).toBuffer())
  write('photo.tiff', await picture(500, 400, 3).tiff({ compression: 'lzw' }).toBuffer())
  write('still.gif', await picture(300, 200, 3).gif().toBuffer())
  write('moving.gif', await animation().gif({ delay: [100, 100], loop: 0 }).toBuffer())
  write('moving.webp', await animation().webp({ delay: [100, 100], loop: 0 }).toBuffer())
  write('moving.png', animatedPng())

  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20" fill="teal"/></svg>'
  write('mark.svg', svg)
  write('declared.svg', '<?xml version="1.0"?>\n' + svg)
  write('commented.svg', '<!-- a mark -->\n' + svg)
  write('favicon.ico', Buffer.concat([Buffer.from([0, 0, 1, 0, 1, 0, 8, 8, 0, 0, 1, 0, 32, 0, 40, 0, 0, 0, 22, 0, 0, 0]), Buffer.alloc(60)]))
  write('mark.icns', Buffer.concat([Buffer.from('icns'), Buffer.from([0, 0, 0, 16]), Buffer.from('icp4'), Buffer.from([0, 0, 0, 8])]))
  write('mark.bmp', Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]))
  write('stream.jxl', Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.alloc(40)]))
  write('photo.heic', Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic'), Buffer.alloc(4), Buffer.from('mif1heic'), Buffer.alloc(40)]))
  write('photo.jp2', Buffer.concat([Buffer.from([0, 0, 0, 12]), Buffer.from('jP  '), Buffer.from([13, 10, 0x87, 10]), Buffer.alloc(40)]))
  write('paper.pdf', '%PDF-1.7\n%nothing\n')
  write('notes.txt', 'not a picture, whatever its name says\n')
  write('notes.png', 'not a picture, whatever its name says\n')
  write('zeros.png', Buffer.alloc(64))
  write('cut.jpg', photo.subarray(0, 600))
  write('half.jpg', photo.subarray(0, photo.length / 2))
  write('cut.webp', Buffer.concat([Buffer.from('RIFF'), Buffer.from([40, 0, 0, 0]), Buffer.from('WEBPVP8 '), Buffer.alloc(30)]))
  write('cut.avif', Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypavif'), Buffer.alloc(4), Buffer.from('mif1avif'), Buffer.alloc(30)]))
  write('broken.png', png(64, 64, chunk('IDAT', Buffer.from('not deflate at all'))))
  // A picture whose header alone asks for more pixels than Next decodes.
  write('huge.png', png(40000, 40000, chunk('IDAT', deflateSync(Buffer.alloc(1000)))))
  // The largest side that a decoder takes, in few bytes: 30000 × 300 pixels.
  write('broad.png', await sharp({ create: { width: 30000, height: 300, channels: 3, background: '#2a6f77' } }).png().toBuffer())
  write('empty.png', Buffer.alloc(0))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
