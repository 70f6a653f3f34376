import type { NextRequest } from 'next/server'
import { pause } from '@/lib/pause'

export const maxDuration = 5

export async function GET(request: NextRequest) {
  const milliseconds = Number.parseInt(request.nextUrl.searchParams.get('ms') ?? '', 10)
  const wait = milliseconds > 0 ? Math.min(milliseconds, 60_000) : 0
  await pause(wait)
  return Response.json({ waited: wait })
}
