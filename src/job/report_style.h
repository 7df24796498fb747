// The report's look: inline, because the file stands alone.
#pragma once

namespace tidemill::job {

inline constexpr const char* kReportStyle = R"css(
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2530;--soft:#5d6b7a;--line:#e3e8ee;--fill:#3b6fb6;
--fill2:#a9c3e6;--band:#dff0e3;--good:#1d7a46;--warn:#9a6700;--bad:#b3261e;--goodbg:#e3f4e9;--warnbg:#fbf0d4;--badbg:#fbe4e2}
@media(prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1a2028;--ink:#e6ebf1;--soft:#93a1b1;--line:#2b3440;
--fill:#6ea3e8;--fill2:#34507a;--band:#1d3326;--good:#6fce98;--warn:#e3b341;--bad:#f28b82;--goodbg:#17301f;--warnbg:#342a10;
--badbg:#3a1b19}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:16px;margin:0 0 14px}
.top{display:flex;flex-wrap:wrap;gap:10px 16px;align-items:center;margin-bottom:4px}
.soft,.sub{color:var(--soft)}
.sub{margin:0 0 22px;overflow-wrap:anywhere}
.pill{font-size:13px;font-weight:600;padding:3px 11px;border-radius:99px;white-space:nowrap}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.pill.good{background:var(--goodbg)}.pill.warn{background:var(--warnbg)}.pill.bad{background:var(--badbg)}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-bottom:16px}
.note{border-left:3px solid var(--warn)}.note.bad{border-left-color:var(--bad);color:inherit}
.kpis{display:grid;grid-template-columns:repeat(4,1fr);gap:1px;background:var(--line);padding:0;
overflow:hidden}
.kpi{background:var(--card);padding:14px 18px}
.kpi b{display:block;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}
.kpi span{font-size:13px;color:var(--soft)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:0 16px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;font-weight:600;color:var(--soft);font-size:13px}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.wrap{overflow-wrap:anywhere;min-width:160px}
code,pre{font:12.5px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.stage{display:grid;grid-template-columns:88px 1fr 84px;gap:12px;align-items:center;margin:7px 0}
.track{position:relative;height:14px;border-radius:4px;background:var(--line)}
.track i{position:absolute;top:0;bottom:0;min-width:2px;border-radius:4px;background:var(--fill)}
.gauge{position:relative;height:22px;border-radius:6px;background:var(--line);margin:22px 0 6px}
.gauge i{position:absolute;left:0;top:0;bottom:0;border-radius:6px;background:var(--fill);min-width:3px}
.gauge u{position:absolute;top:-5px;bottom:-5px;width:2px;background:var(--ink)}
.gauge em{position:absolute;top:-23px;font-size:12px;font-style:normal;color:var(--soft);white-space:nowrap;
transform:translateX(-50%)}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}
.bar{fill:var(--fill)}.bar:hover{fill:var(--ink)}.grid{stroke:var(--line)}.area{fill:var(--fill2);opacity:.55}
.curve{fill:none;stroke:var(--fill);stroke-width:1.6}.bandrect{fill:var(--band)}
details summary{cursor:pointer;color:var(--soft);font-size:14px;margin-top:10px}
footer{color:var(--soft);font-size:13px}
@media(max-width:560px){main{padding:20px 12px 40px}.card{padding:14px}.kpis{padding:0;grid-template-columns:repeat(2,1fr)}.kpi{padding:11px 14px}
.kpi b{font-size:18px}svg text{font-size:27px}svg.half text{font-size:14px}.stage{grid-template-columns:64px 1fr 70px;gap:8px}}
)css";

}  // namespace tidemill::job
