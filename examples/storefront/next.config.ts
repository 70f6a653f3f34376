import type { NextConfig } from 'next'

const securityHeaders = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'X-Frame-Options', value: 'SAMEORIGIN' },
  { key: 'Referrer-Policy', value: 'strict-origin-when-cross-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=()' },
]

const nextConfig: NextConfig = {
  images: {
    localPatterns: [{ pathname: '/pictures/**', search: '' }],
  },

  async redirects() {
    return [
      { source: '/catalogue', destination: '/categories/cups', permanent: true },
      { source: '/shop-item/:slug', destination: '/products/:slug', permanent: true },
      { source: '/collections/:category/:rest*', destination: '/categories/:category', permanent: true },
      { source: '/home', destination: '/', statusCode: 301 },
      { source: '/sale', destination: '/deals', permanent: false },
      {
        source: '/find',
        has: [{ type: 'query', key: 'item', value: '(?<item>[a-z-]+)' }],
        destination: '/products/:item',
        permanent: false,
      },
    ]
  },

  async rewrites() {
    return {
      beforeFiles: [
        { source: '/size-guide', destination: '/size-chart.txt' },
        {
          source: '/about',
          has: [{ type: 'header', key: 'x-shop-audience', value: 'press' }],
          destination: '/press-notes.txt',
        },
      ],
      afterFiles: [
        { source: '/p/:slug', destination: '/products/:slug' },
        { source: '/shop/:category', destination: '/categories/:category' },
        { source: '/parcel/:order', destination: '/track?order=:order' },
      ],
      fallback: [{ source: '/help/:topic*', destination: '/shipping' }],
    }
  },

  async headers() {
    return [
      { source: '/:path*', headers: securityHeaders },
      { source: '/products/:slug*', headers: [{ key: 'X-Shop-Section', value: 'products' }] },
    ]
  },
}

export default nextConfig
