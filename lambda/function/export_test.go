package function

// EdgeURL is for tests of the address that an edge route sees.
var EdgeURL = edgeURL
