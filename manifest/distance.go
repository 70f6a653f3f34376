package manifest

import (
	"cmp"
	"math"
	"slices"
)

// places are about where AWS's regions are, in degrees north and east: the
// city that AWS names each after ("Region name" in
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html),
// of states and countries the one with the data centres. The air line between
// two says well enough which of several regions answers first.
var places = map[string][2]float64{
	"af-south-1": {-33.9, 18.4}, "ap-east-1": {22.3, 114.2}, "ap-east-2": {25.0, 121.5},
	"ap-northeast-1": {35.7, 139.7}, "ap-northeast-2": {37.6, 127.0}, "ap-northeast-3": {34.7, 135.5},
	"ap-south-1": {19.1, 72.9}, "ap-south-2": {17.4, 78.5}, "ap-southeast-1": {1.35, 103.8},
	"ap-southeast-2": {-33.9, 151.2}, "ap-southeast-3": {-6.2, 106.8}, "ap-southeast-4": {-37.8, 145.0},
	"ap-southeast-5": {3.1, 101.7}, "ap-southeast-6": {-36.8, 174.8}, "ap-southeast-7": {13.8, 100.5},
	"ca-central-1": {45.5, -73.6}, "ca-west-1": {51.0, -114.1}, "eu-central-1": {50.1, 8.7},
	"eu-central-2": {47.4, 8.5}, "eu-north-1": {59.3, 18.1}, "eu-south-1": {45.5, 9.2},
	"eu-south-2": {41.6, -0.9}, "eu-west-1": {53.3, -6.3}, "eu-west-2": {51.5, -0.1}, "eu-west-3": {48.9, 2.4},
	"il-central-1": {32.1, 34.8}, "me-central-1": {24.5, 54.4}, "me-south-1": {26.2, 50.6},
	"mx-central-1": {20.6, -100.4}, "sa-east-1": {-23.5, -46.6}, "us-east-1": {39.0, -77.5},
	"us-east-2": {40.0, -83.0}, "us-west-1": {37.4, -121.9}, "us-west-2": {45.8, -119.7},
}

// NearestRegions sorts regions by how far they are from one, itself first;
// those whose place is not known come last, by name. The argument stays as it
// is.
func NearestRegions(from string, regions []string) []string {
	sorted := slices.Clone(regions)
	slices.SortFunc(sorted, func(a, b string) int {
		return cmp.Or(cmp.Compare(airLine(from, a), airLine(from, b)), cmp.Compare(a, b))
	})
	return sorted
}

// airLine is the angle between two regions as seen from the Earth's centre
// (the haversine formula).
func airLine(a, b string) float64 {
	if a == b {
		return -1
	}
	from, known := places[a]
	to, there := places[b]
	if !known || !there {
		return math.Inf(1)
	}
	radian := math.Pi / 180
	north, east := (to[0]-from[0])*radian/2, (to[1]-from[1])*radian/2
	h := math.Pow(math.Sin(north), 2) + math.Cos(from[0]*radian)*math.Cos(to[0]*radian)*math.Pow(math.Sin(east), 2)
	return 2 * math.Asin(math.Sqrt(min(1, h)))
}
