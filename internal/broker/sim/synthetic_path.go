package sim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// The shape of the invented market. Volatilities are a day's, as a fraction of the price.
const (
	clustering    = 0.95  // how much of yesterday's log volatility stays
	clusterShock  = 0.18  // its daily shock
	pullToTrend   = 0.012 // share of the distance from the trend that a day takes back
	gapShare      = 0.45  // overnight volatility against the day's
	jumpChance    = 0.015 // nights with news
	jumpSize      = 4.0   // their volatility against an ordinary night's
	swings        = 3     // waves within a day
	swingSize     = 0.5   // their height against the day's volatility
	walkShare     = 0.6   // volatility of the walk within a day against that of days
	shortestSwing = 90.0  // minutes
	longestSwing  = 200.0 // minutes
	tradingYear   = 252.0
	priceYear     = 10.0 // years after the market's start in which company.price holds
	lastTrendYear = 15.0 // from here on the trend is flat: no price runs away
)

// link is one day of a chain. Prices are in cents; high, low and volume are filled when the day
// has been drawn once.
type link struct {
	open, close int32
	high, low   int32
	volatility  float32
	volume      float64
}

// chain is one symbol's days, made from the first one on, so that any day costs little once the
// days before it are known.
type chain struct {
	company  company
	seed     uint64
	random   *rand.Rand
	links    []link
	distance float64 // of the log price from its trend
	cluster  float64 // log of today's volatility against the usual one
}

func newChain(seed uint64, c company) *chain {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(c.symbol))
	mixed := mix(seed ^ mix(hash.Sum64()))
	return &chain{company: c, seed: mixed, random: rand.New(rand.NewPCG(mixed, 1))}
}

// extend makes the links of the sessions that are missing.
func (c *chain) extend(sessions []market.Session) {
	for index := len(c.links); index < len(sessions); index++ {
		c.links = append(c.links, c.next(index))
	}
}

// next makes the link that follows: each draws the same number of random values, so that a
// chain does not depend on how far it was extended at a time.
func (c *chain) next(index int) link {
	c.cluster = clustering*c.cluster + clusterShock*c.random.NormFloat64()
	volatility := c.company.volatility * math.Exp(c.cluster-0.15)
	night, news, day := c.random.NormFloat64(), c.random.Float64(), c.random.NormFloat64()
	gap := gapShare * volatility * night
	if news < jumpChance {
		gap *= jumpSize
	}
	years := min(float64(index)/tradingYear, lastTrendYear) - priceYear
	trend := math.Log(c.company.price) + c.company.drift*years
	opening := c.distance + gap
	c.distance = opening + 0.9*volatility*day - pullToTrend*c.distance
	return link{
		open: centsAtLeastOne(trend + opening), close: centsAtLeastOne(trend + c.distance),
		volatility: float32(volatility),
	}
}

// draw fills the tape with a session of the given minutes: a Brownian bridge from the link's
// open to its close whose steps are larger near both ends of the day, with waves that vanish
// there, rounded to cents.
func (c *chain) draw(day *tape, scratch *[]float64, index int, today link, minutes int) {
	random := rand.New(rand.NewPCG(c.seed, uint64(index)+2))
	*scratch = slices.Grow((*scratch)[:0], minutes*printsPerMinute)
	path := (*scratch)[:minutes*printsPerMinute]
	shape := shapeOf(len(path))
	end := shape.walk(path, random, walkShare*float64(today.volatility))
	heights := newWaves(random, float64(today.volatility)).heights(minutes)
	from, to := math.Log(dollars(today.open)), math.Log(dollars(today.close))
	day.cents = day.cents[:0]
	for i, step := range path {
		bridge := step - shape.done[i]*(end-(to-from))
		minute, part := i/printsPerMinute, float64(i%printsPerMinute)/float64(printsPerMinute)
		wave := heights[minute] + part*(heights[minute+1]-heights[minute])
		day.cents = append(day.cents, centsAtLeastOne(from+bridge+wave))
	}
	day.cents[0], day.cents[len(path)-1] = today.open, today.close
	c.drawVolumes(day, index, minutes)
}

// shape is how volatility spreads over a day's prints.
type shape struct {
	sizes []float64 // of each step; their squares sum to 1
	done  []float64 // share of the day's variance up to each print
}

var shapes sync.Map // number of prints -> shape; there are two, of whole and of half days

func shapeOf(prints int) shape {
	if known, ok := shapes.Load(prints); ok {
		return known.(shape)
	}
	s := shape{make([]float64, prints), make([]float64, prints)}
	total := 0.0
	for i := range s.sizes {
		s.sizes[i] = stepSize(float64(i) / float64(prints-1))
		total += s.sizes[i] * s.sizes[i]
	}
	sum := 0.0
	for i := range s.sizes {
		sum += s.sizes[i] * s.sizes[i]
		s.sizes[i], s.done[i] = s.sizes[i]/math.Sqrt(total), sum/total
	}
	shapes.Store(prints, s)
	return s
}

// walk fills path with a random walk from 0 of the given volatility and returns its end.
func (s shape) walk(path []float64, random *rand.Rand, volatility float64) (end float64) {
	for i, size := range s.sizes {
		end += volatility * size * random.NormFloat64()
		path[i] = end
	}
	return end
}

// stepSize is the volatility at a part of the day: twice as high at both ends as at noon.
func stepSize(progress float64) float64 {
	fromNoon := 2*progress - 1
	return 0.7 + 0.7*fromNoon*fromNoon
}

// waves are the swings within one day.
type waves [swings]struct{ height, minutes, phase float64 }

func newWaves(random *rand.Rand, volatility float64) waves {
	var w waves
	for i := range w {
		w[i].minutes = shortestSwing + (longestSwing-shortestSwing)*random.Float64()
		w[i].height = swingSize * volatility * (0.5 + random.Float64())
		w[i].phase = 2 * math.Pi * random.Float64()
	}
	return w
}

// heights returns the waves' sum at each minute and at the end, fading to 0 at both ends.
func (w waves) heights(minutes int) []float64 {
	sums := make([]float64, minutes+1)
	for i := range sums {
		for _, wave := range w {
			sums[i] += wave.height * math.Sin(2*math.Pi*float64(i)/wave.minutes+wave.phase)
		}
		progress := float64(i) / float64(minutes)
		sums[i] *= math.Min(1, 8*math.Min(progress, 1-progress))
	}
	return sums
}

// drawVolumes gives each minute whole shares, more at both ends of the day.
func (c *chain) drawVolumes(day *tape, index, minutes int) {
	day.volumes = day.volumes[:0]
	for minute := range minutes {
		shape := stepSize(float64(minute) / float64(minutes))
		chance := float64(mix(c.seed^uint64(index)<<20^uint64(minute))>>11) / (1 << 53)
		day.volumes = append(day.volumes, math.Floor(c.company.volume/390*shape*(0.4+1.2*chance)))
	}
}

func centsAtLeastOne(logPrice float64) int32 {
	return int32(min(max(100*math.Exp(logPrice), 1), math.MaxInt32-1) + 0.5)
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014): it spreads every bit.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
