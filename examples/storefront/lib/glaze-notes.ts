import { readFile } from 'node:fs/promises'
import path from 'node:path'

export async function readGlazeNote(glaze: string): Promise<string> {
  const text = await readFile(path.join(process.cwd(), 'content', 'glaze-notes.json'), 'utf8')
  const notes: Record<string, string> = JSON.parse(text)
  return notes[glaze] ?? ''
}
