import { NextResponse } from 'next/server'

export const config = { matcher: '/basket' }

export function proxy() {
  return NextResponse.next()
}
