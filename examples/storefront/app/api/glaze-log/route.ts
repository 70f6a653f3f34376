export const dynamic = 'force-dynamic'
export const maxDuration = 300

const CHUNK_BYTES = 16 * 1024
const CHUNKS = 64
const LINE_BYTES = 32

export function GET() {
  const encoder = new TextEncoder()
  let sent = 0
  const stream = new ReadableStream({
    async pull(controller) {
      controller.enqueue(encoder.encode(firings(sent)))
      sent += 1
      if (sent === CHUNKS) controller.close()
      else await new Promise((resolve) => setImmediate(resolve))
    },
  })
  return new Response(stream, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } })
}

function firings(chunk: number): string {
  const perChunk = CHUNK_BYTES / LINE_BYTES
  const lines = Array.from({ length: perChunk }, (_, row) => {
    const number = chunk * perChunk + row
    const line = `firing ${String(number).padStart(6, '0')} cone 6 at ${1200 + (number % 40)} C`
    return `${line.padEnd(LINE_BYTES - 1)}\n`
  })
  return lines.join('')
}
