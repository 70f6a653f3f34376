import { createHmac, timingSafeEqual } from 'node:crypto'
import { cookies } from 'next/headers'

const COOKIE = 'session'

function sign(name: string): string {
  return createHmac('sha256', process.env.SESSION_SECRET ?? '').update(name).digest('hex')
}

export async function startSession(name: string): Promise<void> {
  const value = `${Buffer.from(name).toString('base64url')}.${sign(name)}`
  ;(await cookies()).set(COOKIE, value, { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 60 * 60 * 8 })
}

export async function endSession(): Promise<void> {
  ;(await cookies()).delete(COOKIE)
}

export async function sessionName(): Promise<string | null> {
  const [encoded, signature] = ((await cookies()).get(COOKIE)?.value ?? '').split('.')
  if (!encoded || !signature) return null
  const name = Buffer.from(encoded, 'base64url').toString('utf8')
  const expected = Buffer.from(sign(name))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected) ? name : null
}
