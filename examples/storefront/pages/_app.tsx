import type { AppProps } from 'next/app'
import { Shell } from '@/components/shell'
import '@/styles/globals.css'

export default function ShopApp({ Component, pageProps }: AppProps) {
  return (
    <Shell>
      <Component {...pageProps} />
    </Shell>
  )
}
