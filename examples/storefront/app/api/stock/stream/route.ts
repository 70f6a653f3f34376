import { pause } from '@/lib/pause'

export const dynamic = 'force-dynamic'
export const maxDuration = 60

const EVENTS = 5

export function GET() {
  const encoder = new TextEncoder()
  const stream = new ReadableStream({
    async start(controller) {
      for (let number = 1; number <= EVENTS; number++) {
        if (number > 1) await pause(200)
        const payload = JSON.stringify({ left: 12 - number, last: number === EVENTS })
        controller.enqueue(encoder.encode(`id: ${number}\nevent: stock\ndata: ${payload}\n\n`))
      }
      controller.close()
    },
  })
  return new Response(stream, {
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache, no-transform' },
  })
}
