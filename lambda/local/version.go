package local

import "strings"

// key is what a function is known by: its name, and its version where it is one.
func (f *Function) key() string {
	if f.Version == "" || f.Version == latest {
		return f.Name
	}
	return f.Name + ":" + f.Version
}

// Alias has name:alias mean a version of a function from now on, or $LATEST, as
// AWS's UpdateAlias does. What runs goes on. It fails with a *NotFoundError where
// there is no such version.
func (s *Service) Alias(name, alias, version string) error {
	f := Function{Name: name, Version: version}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[f.key()] == nil {
		return &NotFoundError{Name: f.key()}
	}
	s.aliases[name+":"+alias] = f.key()
	return nil
}

// find looks for a function by name, name:version or name:alias; s.mu is held.
func (s *Service) find(name string) *function {
	name = strings.TrimSuffix(name, ":"+latest)
	if key, ok := s.aliases[name]; ok {
		name = key
	}
	return s.functions[name]
}
