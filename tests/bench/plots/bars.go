package main

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// known subjects have the same colour in every plot.
var known = []string{"pack", "next start", "OpenNext", "pack, gateway and function", "pack, code kept", "bare Node function", "bare Go function", "nginx", "pack, gateway's handler"}

func shade(subject string) color.Color {
	colors := append(slices.Clone(plotutil.SoftColors), plotutil.DarkColors...)
	return colors[max(0, slices.Index(known, subject))%len(colors)]
}

// bars is a plotter of one subject: a bar for each case from the foot of a logarithmic
// axis to the median, with a line between the quartiles. gonum's own bars begin at 0.
type bars struct {
	// at is where each case's bar is, in cases from the left.
	at     []float64
	values []series
	width  float64
	color  color.Color
}

// Plot implements plot.Plotter.
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, s := range b.values {
		left, right := x(b.at[i]-b.width/2), x(b.at[i]+b.width/2)
		c.FillPolygon(b.color, []vg.Point{{X: left, Y: y(p.Y.Min)}, {X: left, Y: y(s.Median)}, {X: right, Y: y(s.Median)}, {X: right, Y: y(p.Y.Min)}})
		if s.Low > 0 && s.High > s.Low {
			style := draw.LineStyle{Color: color.Black, Width: vg.Points(0.75)}
			c.StrokeLine2(style, x(b.at[i]), y(s.Low), x(b.at[i]), y(s.High))
		}
	}
}

// DataRange implements plot.DataRanger.
func (b *bars) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for i, s := range b.values {
		xmin, xmax = min(xmin, b.at[i]-b.width), max(xmax, b.at[i]+b.width)
		ymin, ymax = min(ymin, s.Median), max(ymax, s.Median, s.High)
	}
	return xmin, xmax, ymin, ymax
}

// Thumbnail implements plot.Thumbnailer, for the legend.
func (b *bars) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(b.color, []vg.Point{{X: c.Min.X, Y: c.Min.Y}, {X: c.Min.X, Y: c.Max.Y}, {X: c.Max.X, Y: c.Max.Y}, {X: c.Max.X, Y: c.Min.Y}})
}

// save draws the series and writes them as SVG.
func (d drawing) save(chosen []series, file string) error {
	p := plot.New()
	p.Title.Text = d.title
	p.Y.Label.Text = d.axis + ", logarithmic; less is better"
	if d.measure == "throughput" {
		p.Y.Label.Text = d.axis + ", logarithmic; more is better"
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.BackgroundColor = color.White
	var cases, subjects []string
	for _, s := range chosen {
		if !slices.Contains(subjects, s.Subject) {
			subjects = append(subjects, s.Subject)
		}
	}
	for _, name := range d.cases {
		if slices.ContainsFunc(chosen, func(s series) bool { return s.Case == name }) {
			cases = append(cases, name)
		}
	}
	p.Add(&plotter.Grid{Horizontal: draw.LineStyle{Color: color.Gray{225}, Width: vg.Points(0.5)}})
	width := 0.8 / float64(len(subjects))
	for i, subject := range subjects {
		b := &bars{width: width, color: shade(subject)}
		for _, s := range chosen {
			if s.Subject == subject {
				left := float64(slices.Index(cases, s.Case)) - 0.4
				b.at, b.values = append(b.at, left+width*(float64(i)+0.5)), append(b.values, s)
			}
		}
		p.Add(b)
		p.Legend.Add(subject, b)
	}
	p.NominalX(cases...)
	p.X.Min, p.X.Max = -0.5, float64(len(cases))-0.5
	// A bar of the smallest value is still to be seen, and the legend has its place.
	p.Y.Min = math.Pow(10, math.Floor(math.Log10(p.Y.Min)-0.2))
	p.Y.Max = math.Pow(10, math.Log10(p.Y.Max)+0.25*float64(len(subjects)))
	p.Legend.Top, p.Legend.ThumbnailWidth, p.Legend.Padding = true, vg.Points(12), vg.Points(2)
	return p.Save(9*vg.Inch, 4.5*vg.Inch, file)
}
