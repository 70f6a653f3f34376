import { after, type NextRequest } from 'next/server'

// Takes a packed parcel and has it shipped once the packer has the answer: a job of the
// shop's own, that a lost connection or a second scan does not repeat.
export async function POST(request: NextRequest) {
  const { order } = (await request.json()) as { order: string }
  const shipments = new URL('/api/shipments', request.url)
  after(() =>
    fetch(shipments, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Prefer: 'respond-async', 'Idempotency-Key': `parcel-${order}` },
      body: JSON.stringify({ order }),
    }),
  )
  return Response.json({ packed: order })
}
