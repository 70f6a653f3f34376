import { ImageResponse } from 'next/og'
import { pieces } from '@/lib/pieces'
import { SITE } from '@/lib/site'

export const alt = 'A piece from Ostra Kiln'
export const size = { width: 1200, height: 630 }
export const contentType = 'image/png'

export function generateStaticParams() {
  return pieces.filter((piece) => !piece.madeToOrder).map(({ slug }) => ({ slug }))
}

export default async function ProductCardImage({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params
  const piece = pieces.find((candidate) => candidate.slug === slug)
  return new ImageResponse(
    (
      <div
        style={{
          display: 'flex',
          flexDirection: 'column',
          justifyContent: 'space-between',
          width: '100%',
          height: '100%',
          padding: 80,
          background: '#f7f2e9',
          color: '#2b2622',
        }}
      >
        <div style={{ display: 'flex', fontSize: 36, color: '#9a4a2b' }}>{SITE.name}</div>
        <div style={{ display: 'flex', flexDirection: 'column' }}>
          <div style={{ display: 'flex', fontSize: 92 }}>{piece?.name ?? SITE.name}</div>
          <div style={{ display: 'flex', fontSize: 38, marginTop: 24 }}>{piece?.summary ?? SITE.tagline}</div>
        </div>
        <div style={{ display: 'flex', width: 240, height: 16, background: '#4f8a8b', borderRadius: 8 }} />
      </div>
    ),
    size,
  )
}
