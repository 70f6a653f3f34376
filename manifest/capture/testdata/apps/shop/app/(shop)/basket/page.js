import { cookies } from 'next/headers'

export const maxDuration = 45

export default async function Basket() {
  return <p>{(await cookies()).get('basket')?.value ?? 'empty'}</p>
}
