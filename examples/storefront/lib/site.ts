export const SITE = {
  name: 'Ostra Kiln',
  url: 'https://ostra-kiln.example',
  tagline: 'Stoneware from a small studio by the sea',
}
