// Package dashboards builds the shipped Grafana dashboards.
//
// A dashboard is written as rows of panels; the builder places them, numbers them and fills in what
// every panel needs (data source, defaults). Names of metrics are checked against the catalogue while
// building. JSON returns what is committed in dashboards/grafana.
package dashboards

// The part of Grafana's dashboard JSON that is used here (schema version 39, Grafana 9.4 and later).
type (
	// Dashboard is one dashboard.
	Dashboard struct {
		UID           string      `json:"uid"`
		Title         string      `json:"title"`
		Description   string      `json:"description"`
		Tags          []string    `json:"tags"`
		SchemaVersion int         `json:"schemaVersion"`
		Editable      bool        `json:"editable"`
		GraphTooltip  int         `json:"graphTooltip"`
		Timezone      string      `json:"timezone"`
		Refresh       string      `json:"refresh"`
		Time          TimeRange   `json:"time"`
		Links         []Link      `json:"links"`
		Annotations   Annotations `json:"annotations"`
		Templating    Templating  `json:"templating"`
		Panels        []*Panel    `json:"panels"`
	}
	// TimeRange is the range that is shown at first.
	TimeRange struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	// Link leads to other dashboards or pages.
	Link struct {
		Title       string   `json:"title"`
		Type        string   `json:"type,omitempty"`
		Tags        []string `json:"tags,omitempty"`
		URL         string   `json:"url,omitempty"`
		AsDropdown  bool     `json:"asDropdown,omitempty"`
		IncludeVars bool     `json:"includeVars,omitempty"`
		KeepTime    bool     `json:"keepTime,omitempty"`
		TargetBlank bool     `json:"targetBlank,omitempty"`
	}
	// Annotations are marks on the time axis.
	Annotations struct {
		List []Annotation `json:"list"`
	}
	// Annotation is one query for marks.
	Annotation struct {
		Name        string      `json:"name"`
		Datasource  *Datasource `json:"datasource"`
		Enable      bool        `json:"enable"`
		Hide        bool        `json:"hide"`
		IconColor   string      `json:"iconColor"`
		Expr        string      `json:"expr"`
		TitleFormat string      `json:"titleFormat"`
		TagKeys     string      `json:"tagKeys"`
		TextFormat  string      `json:"textFormat"`
	}
	// Templating holds the variables.
	Templating struct {
		List []Variable `json:"list"`
	}
	// Variable is a drop-down at the top.
	Variable struct {
		Name        string         `json:"name"`
		Label       string         `json:"label"`
		Description string         `json:"description,omitempty"`
		Type        string         `json:"type"`
		Datasource  *Datasource    `json:"datasource,omitempty"`
		Query       any            `json:"query"`
		Definition  string         `json:"definition,omitempty"`
		Refresh     int            `json:"refresh"`
		Sort        int            `json:"sort,omitempty"`
		Multi       bool           `json:"multi"`
		IncludeAll  bool           `json:"includeAll"`
		AllValue    string         `json:"allValue,omitempty"`
		Current     map[string]any `json:"current"`
		Hide        int            `json:"hide"`
		Regex       string         `json:"regex"`
	}
	// Datasource names the data source of a panel or variable.
	Datasource struct {
		Type string `json:"type"`
		UID  string `json:"uid"`
	}
	// Panel is a panel or a row.
	Panel struct {
		ID              int              `json:"id"`
		Type            string           `json:"type"`
		Title           string           `json:"title"`
		Description     string           `json:"description,omitempty"`
		GridPos         GridPos          `json:"gridPos"`
		Datasource      *Datasource      `json:"datasource,omitempty"`
		Targets         []Target         `json:"targets,omitempty"`
		FieldConfig     *FieldConfig     `json:"fieldConfig,omitempty"`
		Options         map[string]any   `json:"options,omitempty"`
		Transformations []Transformation `json:"transformations,omitempty"`
		Collapsed       *bool            `json:"collapsed,omitempty"`
		Panels          []*Panel         `json:"panels,omitempty"`

		// Needs says what has to be configured for the panel to show anything; empty for most.
		Needs string `json:"-"`
		// Rare panels show only what is wrong: nothing is good.
		Rare bool `json:"-"`
	}
	// GridPos is a place in the grid of 24 columns.
	GridPos struct {
		H int `json:"h"`
		W int `json:"w"`
		X int `json:"x"`
		Y int `json:"y"`
	}
	// Target is a query of a panel.
	Target struct {
		RefID        string      `json:"refId"`
		Datasource   *Datasource `json:"datasource"`
		EditorMode   string      `json:"editorMode"`
		Expr         string      `json:"expr"`
		LegendFormat string      `json:"legendFormat,omitempty"`
		Format       string      `json:"format,omitempty"`
		Instant      bool        `json:"instant"`
		Range        bool        `json:"range"`
	}
	// FieldConfig is how values look.
	FieldConfig struct {
		Defaults  Field      `json:"defaults"`
		Overrides []Override `json:"overrides"`
	}
	// Field is how the values of a panel look.
	Field struct {
		Unit       string         `json:"unit,omitempty"`
		Decimals   *int           `json:"decimals,omitempty"`
		Min        *float64       `json:"min,omitempty"`
		Max        *float64       `json:"max,omitempty"`
		NoValue    string         `json:"noValue,omitempty"`
		Color      map[string]any `json:"color,omitempty"`
		Custom     map[string]any `json:"custom,omitempty"`
		Mappings   []any          `json:"mappings"`
		Thresholds *Thresholds    `json:"thresholds,omitempty"`
		Links      []Link         `json:"links,omitempty"`
	}
	// Thresholds colour values.
	Thresholds struct {
		Mode  string `json:"mode"`
		Steps []Step `json:"steps"`
	}
	// Step is a colour from a value on; the first has no value.
	Step struct {
		Color string   `json:"color"`
		Value *float64 `json:"value"`
	}
	// Override changes how some fields look.
	Override struct {
		Matcher    Matcher    `json:"matcher"`
		Properties []Property `json:"properties"`
	}
	// Matcher says which fields.
	Matcher struct {
		ID      string `json:"id"`
		Options any    `json:"options"`
	}
	// Property is one changed setting.
	Property struct {
		ID    string `json:"id"`
		Value any    `json:"value"`
	}
	// Transformation changes query results before they are shown.
	Transformation struct {
		ID      string         `json:"id"`
		Options map[string]any `json:"options"`
	}
)
