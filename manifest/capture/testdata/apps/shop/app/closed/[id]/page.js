export const dynamicParams = false

export const generateStaticParams = () => [{ id: '1' }]

export default async function Closed({ params }) {
  return <h1>{(await params).id}</h1>
}
