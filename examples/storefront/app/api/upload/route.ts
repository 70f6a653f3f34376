import { createHash } from 'node:crypto'

export const maxDuration = 60

export async function POST(request: Request) {
  let form: FormData
  try {
    form = await request.formData()
  } catch {
    return Response.json({ error: 'Send the photo as a form' }, { status: 400 })
  }
  const file = form.get('file')
  if (!(file instanceof File) || file.size === 0) {
    return Response.json({ error: 'A photo is missing' }, { status: 400 })
  }
  const bytes = Buffer.from(await file.arrayBuffer())
  return Response.json({
    name: file.name,
    type: file.type,
    size: file.size,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    note: String(form.get('note') ?? ''),
  })
}
