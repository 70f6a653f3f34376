import { after, type NextRequest } from 'next/server'
import { appendEntry } from '@/lib/order-log'

export function GET(request: NextRequest) {
  const id = request.nextUrl.searchParams.get('id') ?? 'unnamed'
  after(() => appendEntry('after-throws', id))
  throw new Error('The kiln controller did not answer')
}
