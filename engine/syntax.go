package engine

// The tree of the rule files as they are written: data only, every text with
// its place, nothing resolved. parse.go builds it, compile.go reads it, and
// nothing outlives Load.

type destinationFile struct {
	Name           text
	Title          text
	Rules          []text
	Match          matchNode
	Order          [][]text
	Settings       []settingNode
	URL            text
	Headers        []namedText
	Authentication []authNode
	Errors         errorsNode
	Paging         pagingNode
	RateLimits     []rateLimitNode
	Retry          retryNode
	Circuit        circuitNode
	Tables         []tableNode
	Lookups        []lookupNode
	Procedures     []procedureNode
}

type ruleFile struct {
	Name     text
	Event    []text
	After    text
	Vars     []namedSource
	When     text
	Require  []requireNode
	Mappings []mappingNode
	Steps    []stepNode
	Result   []namedSource
}

// A literal is a value written in YAML, as the JSON it stands for.
type literal struct {
	json string
	at   span
}

func (l literal) given() bool { return l.at.src != nil }

type namedText struct {
	Name  text
	Value text
}

type matchNode struct {
	By   text
	ID   text
	Case text
}

type settingNode struct {
	Name     text
	Type     text
	Title    text
	Pattern  text
	Check    text
	Message  text
	Example  literal
	Default  literal
	Required flag
	Secret   flag
}

// A flag is a boolean that knows whether it was written.
type flag struct {
	value bool
	at    span
}

func (f flag) given() bool { return f.at.src != nil }

type authNode struct {
	at      span
	Needs   []text
	Bearer  text
	Basic   *basicNode
	Headers []namedText
	Client  *clientNode
	Warn    text
}

type clientNode struct {
	at    span
	URL   text
	ID    text
	Key   text
	Scope text
}

type rateLimitNode struct {
	Name      text
	Calls     text
	Per       text
	Of        []text
	Except    []text
	Each      []text
	Remaining text
	Reset     text
}

type circuitNode struct {
	When  []conditionNode
	After text
	Pause backoffNode
	Stop  text
}

type basicNode struct {
	User     text
	Password text
}

type errorsNode struct {
	Code sourceNode
	Text sourceNode
}

type pagingNode struct {
	at   span
	Next text
	Most text
}

type retryNode struct {
	at       span
	Attempts text
	Elapsed  text
	Backoff  backoffNode
	When     []conditionNode
	NotTaken []conditionNode
	Stop     []conditionNode
}

type backoffNode struct {
	First  text
	Most   text
	Jitter text
}

type conditionNode struct {
	at      span
	Status  []text
	Except  []text
	Network []text
	Code    []text
	Wait    text
	// Attempts is of this line alone.
	Attempts text
}

type tableNode struct {
	Name    text
	File    text
	Itself  flag
	Entries []namedText
}

type lookupNode struct {
	Name     text
	Keep     []text
	Remember rememberNode
	NotFound text
	Several  text
	Ways     []wayNode
}

type rememberNode struct {
	at   span
	For  text
	Case text
}

type wayNode struct {
	at    span
	By    text
	When  text
	Steps []stepNode
	Found text
}

type procedureNode struct {
	Name   text
	Inputs []inputNode
	Steps  []stepNode
	Result *sourceNode
}

type inputNode struct {
	Name     text
	Type     text // for an input that is computed
	Constant []text
	List     bool // a constant list
}

func (in inputNode) isConstant() bool { return in.List || len(in.Constant) > 0 }

// input gives the input of that name; nil for none.
func (p *procedureNode) input(name string) *inputNode {
	for i := range p.Inputs {
		if p.Inputs[i].Name.value == name {
			return &p.Inputs[i]
		}
	}
	return nil
}

func (p *procedureNode) inputNames() (names []string) {
	for _, in := range p.Inputs {
		names = append(names, in.Name.value)
	}
	return names
}

// A sourceNode says where a value comes from and what is done to it.
type sourceNode struct {
	at       span
	broken   bool // something of it could not be read, and was reported
	From     []text
	Value    literal
	Expr     text
	As       text
	Table    text
	Default  literal
	When     text
	Required flag
	Except   []text
}

type namedSource struct {
	Name   text
	Source sourceNode
}

// A lineNode is one line of a mapping or of a body.
type lineNode struct {
	sourceNode
	To   text
	Rest text
	Keys text
	Keep []text
}

type requireNode struct {
	at      span
	From    []text
	Message text
	When    text
}

type mappingNode struct {
	Name  text
	Lines []lineNode
}

// A stepNode is one step of any kind. Kind is the key that says which, such as
// get or find; the parser has made sure that the other keys go with it.
type stepNode struct {
	at   span
	Kind text // the key
	Arg  text // what stands behind it: path, name or message

	Name       text
	When       text
	Each       text
	Query      []namedText
	Body       []lineNode
	Pages      text
	Pick       text
	Remember   rememberNode
	Learn      []learnNode
	Forget     []learnNode
	Idempotent flag
	OnlyReads  flag
	On         []armNode
	Confirm    *confirmNode
	With       []withNode
	badWith    bool       // it could not be read, and was reported
	Source     sourceNode // of a let
}

type learnNode struct {
	Name  text
	Paths []text
}

type withNode struct {
	Name    text
	Paths   []text
	Literal literal
	Expr    text
}

type armNode struct {
	at       span
	Status   []text
	When     text
	Then     text
	At       text
	As       text
	Message  text
	Remember rememberNode
}

type confirmNode struct {
	at    span
	When  text
	Get   text
	Query []namedText
	Pages text
	There text
	On    []armNode
}
