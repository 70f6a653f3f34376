package node

var (
	ReadAhead    = readAhead
	BeginReading = beginReading
)

const MaxReadAhead = maxReadAhead
