import type { NextRequest } from 'next/server'
import { lastEntries } from '@/lib/order-log'

export async function GET(request: NextRequest) {
  const asked = Number.parseInt(request.nextUrl.searchParams.get('limit') ?? '', 10)
  const limit = asked > 0 ? Math.min(asked, 200) : 20
  return Response.json({ entries: await lastEntries(limit) }, { headers: { 'Cache-Control': 'no-store' } })
}
