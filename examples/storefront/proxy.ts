import { NextResponse, type NextRequest } from 'next/server'

export const config = {
  matcher: ['/account/:path*', '/old-shop/:path*', '/geo'],
}

export function proxy(request: NextRequest) {
  const { pathname } = request.nextUrl
  if (pathname === '/geo') return showShippingFor(request)
  if (pathname.startsWith('/old-shop')) return leaveOldShop(request)
  return guardAccount(request)
}

function showShippingFor(request: NextRequest) {
  const country = request.headers.get('x-vercel-ip-country') ?? 'PT'
  const headers = new Headers(request.headers)
  headers.set('x-shop-country', country)
  const response = NextResponse.rewrite(new URL('/shipping', request.url), { request: { headers } })
  response.headers.set('x-shop-geo', country)
  return response
}

function leaveOldShop(request: NextRequest) {
  const [, , section, slug] = request.nextUrl.pathname.split('/')
  if (section === 'api') {
    const headers = new Headers(request.headers)
    headers.set('x-shop-legacy', 'old-shop')
    headers.delete('x-shop-secret')
    const target = new URL('/api/echo', request.url)
    target.search = request.nextUrl.search
    return NextResponse.rewrite(target, { request: { headers } })
  }
  if (section === 'item' && slug) {
    return NextResponse.redirect(new URL(`/products/${slug}`, request.url), 308)
  }
  return NextResponse.redirect(new URL('/', request.url))
}

function guardAccount(request: NextRequest) {
  if (request.nextUrl.pathname === '/account/ping') {
    return NextResponse.json({ pong: true, signedIn: request.cookies.has('session') })
  }
  if (!request.cookies.has('session')) {
    return NextResponse.redirect(new URL('/login', request.url))
  }
  const headers = new Headers(request.headers)
  headers.set('x-shop-visitor', 'member')
  const response = NextResponse.next({ request: { headers } })
  response.cookies.set('last_area', 'account', { httpOnly: true, sameSite: 'lax', path: '/' })
  return response
}
