import type { NextRequest } from 'next/server'

export const dynamic = 'force-dynamic'

async function echo(request: NextRequest) {
  const query: Record<string, string[]> = {}
  for (const key of new Set(request.nextUrl.searchParams.keys())) {
    query[key] = request.nextUrl.searchParams.getAll(key)
  }
  const headers = Object.fromEntries([...request.headers].filter(([name]) => name.startsWith('x-shop-')))
  const body = await request.text()
  return Response.json({ method: request.method, headers, query, body })
}

export { echo as GET, echo as POST, echo as PUT, echo as PATCH, echo as DELETE }
