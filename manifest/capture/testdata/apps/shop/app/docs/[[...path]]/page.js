export const dynamicParams = false

export const generateStaticParams = () => []

export default function Docs() {
  return <h1>Docs</h1>
}
