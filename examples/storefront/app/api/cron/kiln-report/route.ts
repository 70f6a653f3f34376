import type { NextRequest } from 'next/server'
import { appendEntry } from '@/lib/order-log'

// The morning's report of what was fired; vercel.json says when.
export async function GET(request: NextRequest) {
  if (request.headers.get('authorization') !== `Bearer ${process.env.CRON_SECRET}`) {
    return Response.json({ message: 'Unauthorized' }, { status: 401 })
  }
  const kiln = request.nextUrl.searchParams.get('kiln') ?? 'both'
  await appendEntry('kiln-report', kiln, { by: request.headers.get('user-agent') })
  return Response.json({ reported: kiln })
}
