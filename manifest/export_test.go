package manifest

// What the external tests look at from inside.
var (
	NearRegions  = nearRegions
	AWSRegions   = awsRegions
	FamilyOf     = familyOf
	PagePath     = pagePath
	FromPagePath = fromPagePath
	RelativeTo   = relativeTo
)

// Matches says whether a vercel.json glob names a source file.
func Matches(glob, source string) bool {
	return (&VercelFunction{Glob: glob}).matches(source)
}

// Resolve resolves a setting's region names.
func Resolve(names ...string) ([]string, error) {
	return resolveRegions(names, []string{"us-east-1"}, "route /x")
}

// DecodeQuickly is decodeQuickly.
var DecodeQuickly = decodeQuickly

// FunctionQuickly is functionQuickly.
var FunctionQuickly = functionQuickly
