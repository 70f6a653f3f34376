// A local source with a chosen status, headers and body: what the images
// endpoint meets when the app itself answers, not a file.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const dynamic = 'force-dynamic'

export async function GET(request) {
  const query = new URL(request.url).searchParams
  const file = query.get('file')
  const headers = new Headers()
  for (const name of ['content-type', 'cache-control', 'etag', 'location']) {
    if (query.has(name)) headers.set(name, query.get(name))
  }
  const body = file ? await readFile(join(process.cwd(), 'public', 'made', file)) : null
  return new Response(body, { status: Number(query.get('status') || 200), headers })
}
