export type Store = { city: string; name: string; address: string; hours: string; about: string; seasonal: boolean }

export const stores: Store[] = [
  {
    city: 'lisbon', name: 'Lisbon studio shop', address: 'Rua da Ostra 14', hours: 'Tuesday to Saturday, 10 to 18', seasonal: false,
    about: 'The studio itself. Come through the shop and you stand next to the wheels.',
  },
  {
    city: 'porto', name: 'Porto corner', address: 'Travessa do Barro 3', hours: 'Wednesday to Sunday, 11 to 19', seasonal: false,
    about: 'A narrow room with good light, shared with a bookbinder.',
  },
  {
    city: 'faro', name: 'Faro summer stall', address: 'Mercado Municipal, stall 22', hours: 'Daily, 8 to 13', seasonal: true,
    about: 'A market stall with cups, small bowls and all of our seconds.',
  },
]
