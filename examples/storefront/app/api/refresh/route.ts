import { revalidatePath, revalidateTag } from 'next/cache'
import type { NextRequest } from 'next/server'

type RefreshRequest = { tag?: string; path?: string; mode?: 'max' | 'now' }

export async function POST(request: NextRequest) {
  if (request.nextUrl.searchParams.get('secret') !== process.env.REVALIDATE_TOKEN) {
    return Response.json({ message: 'Invalid token' }, { status: 401 })
  }
  let wanted: RefreshRequest
  try {
    wanted = await request.json()
  } catch {
    return Response.json({ message: 'The body is not valid JSON' }, { status: 400 })
  }
  const { tag, path, mode = 'max' } = wanted
  if (!tag && !path) {
    return Response.json({ message: 'Name a tag or a path' }, { status: 400 })
  }
  if (tag) revalidateTag(tag, mode === 'now' ? { expire: 0 } : 'max')
  if (path) revalidatePath(path)
  return Response.json({ revalidated: true, tag, path, mode })
}
