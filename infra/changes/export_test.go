package changes

// What the tests hold against AWS's schemas.
var (
	Fixed         = fixed
	ByEveryDeploy = byEveryDeploy
)
