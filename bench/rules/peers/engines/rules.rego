# The ten rules in Rego's own words, over the records of one service: how many counted, which of these matched.
# Rego orders null before all numbers, so missing values are asked for.
package peers

import rego.v1

restore_times := [time |
	some r in data.incident
	r.priority <= 2
	r.priority != null
	r.created_at > data.quarter_ago
	r.created_at <= data.as_of
	r.restored_at != null
	time := r.restored_at - r.created_at
]

urgent := count([1 |
	some r in data.incident
	r.priority <= 3
	r.priority != null
	r.created_at > data.quarter_ago
	r.created_at <= data.as_of
])

picked_up := count([1 |
	some r in data.incident
	r.priority <= 3
	r.priority != null
	r.created_at > data.quarter_ago
	r.created_at <= data.as_of
	r.acknowledged_at != null
	r.acknowledged_at <= r.created_at + 900000000
])

delivered_lately := count([1 |
	some r in data.deployment
	r.tier == "production"
	r.status == "success"
	r.finished_at > data.quarter_ago
	r.finished_at <= data.as_of
])

automated := count([1 |
	some r in data.deployment
	r.tier == "production"
	r.status == "success"
	r.finished_at > data.quarter_ago
	r.finished_at <= data.as_of
	r.automated
])

frequency := count([1 |
	some r in data.deployment
	r.tier == "production"
	r.status == "success"
	r.finished_at > data.quarter_ago
	r.finished_at <= data.as_of
])

deliveries := [r.finished_at |
	some r in data.deployment
	r.tier == "production"
	r.status == "success"
]

gating := count([1 |
	some r in data.pipeline
	r.on_default_branch
	r.created_at > data.month_ago
	r.created_at <= data.as_of
	r.trigger in {"push", "merge_request"}
	r.status in {"success", "failed"}
])

green := count([1 |
	some r in data.pipeline
	r.on_default_branch
	r.created_at > data.month_ago
	r.created_at <= data.as_of
	r.trigger in {"push", "merge_request"}
	r.status == "success"
])

durations := [r.duration_s |
	some r in data.pipeline
	r.on_default_branch
	r.created_at > data.month_ago
	r.created_at <= data.as_of
	r.status == "success"
	r.duration_s != null
]

grave := count([1 |
	some r in data.vulnerability
	r.state == "open"
	r.severity in {"critical", "high"}
])

grave_and_old := count([1 |
	some r in data.vulnerability
	r.state == "open"
	r.severity in {"critical", "high"}
	r.detected_at < data.month_ago
])

findings := count(data.vulnerability)

exploited := count([1 |
	some r in data.vulnerability
	r.state == "open"
	r.kev == true
	r.kev_due_at != null
	r.kev_due_at < data.as_of
])

merged := count([1 |
	some r in data.merge_request
	r.merged_at != null
	r.target_is_default
	not r.author_is_bot
	r.merged_at > data.quarter_ago
	r.merged_at <= data.as_of
])

reviewed := count([1 |
	some r in data.merge_request
	r.merged_at != null
	r.target_is_default
	not r.author_is_bot
	r.merged_at > data.quarter_ago
	r.merged_at <= data.as_of
	count(r.approvers) >= 1
])
