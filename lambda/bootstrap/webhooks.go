package main

import (
	"os"

	"pack/lambda/gateway"
	"pack/lambda/platform"
	"pack/lambda/webhooks"
	"pack/s3cache"
)

// addWebhooks has the gateway take the deployment's webhooks, whose secrets are
// in the environment.
func (s settings) addWebhooks(o *gateway.Options, p *platform.Platform, objects s3cache.Store) error {
	if len(o.Deployment.Webhooks) == 0 {
		return nil
	}
	receiver, err := webhooks.New(webhooks.Options{
		Webhooks:    o.Deployment.Webhooks,
		BasePath:    o.Deployment.App.BasePath,
		Env:         os.Getenv,
		Revalidator: webhooks.NewPages(p.Cache, s.cdn.observe()),
		Deliveries:  &webhooks.Memory{Store: objects, Prefix: s.prefix},
	})
	if err != nil {
		return err
	}
	o.Webhooks = receiver
	return nil
}
