import type { Metadata } from 'next'
import { RepairForm } from '@/components/repair-form'

export const metadata: Metadata = { title: 'Repairs', description: 'Send us a photo of a chipped piece.' }

export default function Repairs() {
  return (
    <article className="prose">
      <p className="eyebrow">Mended for life</p>
      <h1>Repairs</h1>
      <p className="lede">A chip is not the end. Send us a photo, and we tell you within a day what we can do.</p>
      <RepairForm />
    </article>
  )
}
