import type { NextRequest } from 'next/server'
import { appendEntry } from '@/lib/order-log'
import { pause } from '@/lib/pause'

export const maxDuration = 10

type Shipment = { order?: string; carrierDown?: number; ms?: number }

// Books a parcel with the carrier. It takes durable jobs (pack.json): the carrier is
// often slow, and sometimes down for a few attempts.
export async function POST(request: NextRequest) {
  const { order = 'unnamed', carrierDown = 0, ms = 0 } = (await request.json()) as Shipment
  const attempt = Number(request.headers.get('x-pack-job-attempt') ?? 1)
  await pause(Math.min(ms, 60_000))
  if (attempt <= carrierDown) {
    return Response.json({ message: 'The carrier does not answer' }, { status: 503 })
  }
  await appendEntry('shipment', order, { attempt, job: request.headers.get('x-pack-job-id') })
  return Response.json({ shipped: order, attempt })
}
