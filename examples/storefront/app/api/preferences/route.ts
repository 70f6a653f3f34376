import { NextResponse, type NextRequest } from 'next/server'

export function GET(request: NextRequest) {
  const currency = request.nextUrl.searchParams.get('currency') ?? 'EUR'
  const units = request.nextUrl.searchParams.get('units') ?? 'metric'
  const response = NextResponse.json({ currency, units })
  response.cookies.set('currency', currency, { path: '/', sameSite: 'lax', maxAge: 60 * 60 * 24 * 365 })
  response.cookies.set('units', units, { path: '/', sameSite: 'lax', expires: new Date('2040-01-01T00:00:00Z') })
  return response
}
