import type { NextRequest } from 'next/server'
import { listProducts } from '@/lib/catalog'

export const maxDuration = 30
export const preferredRegion = 'iad1'

export async function GET(request: NextRequest) {
  const query = request.nextUrl.searchParams.get('q')?.trim().toLowerCase() ?? ''
  const products = await listProducts()
  const matching = products.filter((product) => `${product.name} ${product.summary}`.toLowerCase().includes(query))
  return Response.json({
    count: matching.length,
    products: matching.map(({ slug, name, category, cents }) => ({ slug, name, category, cents })),
  })
}

export async function POST(request: NextRequest) {
  let proposal: unknown
  try {
    proposal = await request.json()
  } catch {
    return Response.json({ error: 'The body is not valid JSON' }, { status: 400 })
  }
  if (!isProposal(proposal)) {
    return Response.json({ error: 'A product needs a name and a price in cents' }, { status: 400 })
  }
  const slug = proposal.name.trim().toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return Response.json(
    { received: proposal, slug },
    { status: 201, headers: { Location: `/products/${slug}` } },
  )
}

function isProposal(value: unknown): value is { name: string; cents: number } {
  if (typeof value !== 'object' || value === null) return false
  const { name, cents } = value as Record<string, unknown>
  return typeof name === 'string' && name.trim() !== '' && Number.isInteger(cents) && (cents as number) > 0
}
