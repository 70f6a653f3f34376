//go:build unix && !linux

package local

// sampleMemory does nothing: resident memory of a group has no cheap source here, so
// Function.MemoryMB sets no limit.
func (s *Service) sampleMemory() {}
