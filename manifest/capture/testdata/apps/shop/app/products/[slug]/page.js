export const maxDuration = 30
export const preferredRegion = ['fra1', 'dub1']
export const revalidate = 5

export const generateStaticParams = () => [{ slug: 'mug' }, { slug: 'tea pot' }]

export default async function Product({ params }) {
  return <h1>{(await params).slug}</h1>
}
