'use server'

import { redirect } from 'next/navigation'
import { endSession, startSession } from '@/lib/session'

export async function signIn(form: FormData): Promise<void> {
  const name = String(form.get('name') ?? '').trim().slice(0, 60)
  if (!name) redirect('/login')
  await startSession(name)
  redirect('/account')
}

export async function signOut(): Promise<void> {
  await endSession()
  redirect('/login')
}
