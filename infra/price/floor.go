package price

// Footprint is what of a deployment costs without a single request.
type Footprint struct {
	Alarms, Dashboards int
	// Queues and FIFOQueues are those that Lambda polls for a function.
	Queues, FIFOQueues int
	// StoredBytes are archives, layers, assets and seeds.
	StoredBytes int64
}

// Plus adds the footprint of another region.
func (f Footprint) Plus(g Footprint) Footprint {
	f.Alarms += g.Alarms
	f.Dashboards += g.Dashboards
	f.Queues += g.Queues
	f.FIFOQueues += g.FIFOQueues
	f.StoredBytes += g.StoredBytes
	return f
}

// pollsOfQueue is how often Lambda asks an empty queue for messages in a month:
// five pollers, 20 seconds each, 730 hours.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
// https://repost.aws/knowledge-center/sqs-high-charges
const pollsOfQueue = 5 * 3 * 60 * 730

// Floor is the use of a month without traffic. Functions, log groups, versions,
// roles, an empty table and its recovery, a distribution, SSM parameters and
// schedules cost nothing by being there. Not in it, because they are not made by
// pack: a hosted zone, a web ACL, secrets of Secrets Manager.
func (f Footprint) Floor() Use {
	return Use{
		Alarms: float64(f.Alarms), Dashboards: float64(f.Dashboards), BucketBytes: float64(f.StoredBytes),
		QueueRequests: float64(f.Queues) * pollsOfQueue, FIFORequests: float64(f.FIFOQueues) * pollsOfQueue,
	}
}
