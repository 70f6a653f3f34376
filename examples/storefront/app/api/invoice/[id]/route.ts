import { onePagePdf } from '@/lib/pdf'

export const maxDuration = 30
export const preferredRegion = ['fra1', 'dub1']

export async function GET(_request: Request, { params }: RouteContext<'/api/invoice/[id]'>) {
  const { id } = await params
  if (!/^[A-Za-z0-9-]{1,40}$/.test(id)) {
    return Response.json({ error: 'No such invoice' }, { status: 404 })
  }
  const pdf = onePagePdf(['Ostra Kiln', `Invoice for order ${id}`, 'Payment on delivery', 'Thank you for buying clay.'])
  return new Response(pdf, {
    headers: {
      'Content-Type': 'application/pdf',
      'Content-Disposition': `attachment; filename="invoice-${id}.pdf"`,
      'Content-Length': String(pdf.byteLength),
    },
  })
}
