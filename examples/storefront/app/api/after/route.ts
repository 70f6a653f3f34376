import { after, type NextRequest } from 'next/server'
import { appendEntry } from '@/lib/order-log'
import { pause } from '@/lib/pause'

export const maxDuration = 60

export function GET(request: NextRequest) {
  const id = request.nextUrl.searchParams.get('id') ?? 'unnamed'
  const milliseconds = Number.parseInt(request.nextUrl.searchParams.get('ms') ?? '', 10)
  const delay = milliseconds > 0 ? Math.min(milliseconds, 60_000) : 0
  after(async () => {
    await pause(delay)
    await appendEntry('after', id, { delay })
  })
  return Response.json({ scheduled: id, delay })
}
