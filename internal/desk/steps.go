package desk

// Step is a place in the desk's work around which a crash must lose and double nothing.
// docs/ORDERS.md says what is guaranteed after a stop at each.
type Step string

// The steps, in the order in which a cycle and then a flattening come to them.
const (
	StepLeaseTaken     Step = "lease_taken"     // nothing is written yet
	StepBeginning      Step = "beginning"       // a cycle is about to be recorded, and the account's next slot planned
	StepCycleStarted   Step = "cycle_started"   // both are written
	StepCompared       Step = "compared"        // journal and broker are compared, the outcome is not written
	StepReconciled     Step = "reconciled"      // it is written
	StepDecided        Step = "decided"         // decisions are made, none is written
	StepJournaled      Step = "journaled"       // decisions, intents and audit entries are committed
	StepCanceling      Step = "canceling"       // before the cancellation of orders that hold shares
	StepCanceled       Step = "canceled"        // the broker shows them canceled
	StepClaiming       Step = "claiming"        // before an order is claimed
	StepClaimed        Step = "claimed"         // claimed, not sent
	StepAnswered       Step = "answered"        // sent and answered, the answer is not written
	StepRecorded       Step = "recorded"        // it is written
	StepProtecting     Step = "protecting"      // before protective orders are journaled
	StepFlattening     Step = "flattening"      // before the intents that close everything are journaled
	StepFlattenPlanned Step = "flatten_planned" // they are committed, none is sent
	StepFinishing      Step = "finishing"       // before the cycle's outcome is written
)

// Steps lists all of them.
var Steps = []Step{
	StepLeaseTaken, StepBeginning, StepCycleStarted, StepCompared, StepReconciled, StepDecided, StepJournaled, StepCanceling,
	StepCanceled, StepClaiming, StepClaimed, StepAnswered, StepRecorded, StepProtecting, StepFlattening, StepFlattenPlanned, StepFinishing,
}
