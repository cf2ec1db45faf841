(function(){
"use strict";
var zh=document.documentElement.lang.slice(0,2)==="zh",one=function(tag,words){var e=document.createElement(tag);e.textContent=words;return e};
var buttons=[];
window.addEventListener("beforeprint",function(){buttons.forEach(function(b){b[0].textContent=b[1].textContent})});
window.addEventListener("afterprint",function(){buttons.forEach(function(b){b[0].textContent="";b[0].appendChild(b[1])})});
function value(row,i){var c=row.cells[i],v=c.getAttribute("data-v");return v===null?c.textContent.trim():v}
function compare(a,b){
if(a===""||b==="")return 0;
var x=Number(a),y=Number(b);
return isNaN(x)||isNaN(y)?a.localeCompare(b,"zh-CN",{numeric:true}):x-y}
function sort(table,i,head){
var down=head.getAttribute("aria-sort")==="ascending",body=table.tBodies[0],rows=[].slice.call(body.rows);
rows.sort(function(p,q){var a=value(p,i),b=value(q,i);
if(a===""!==(b===""))return a===""?1:-1;
return down?-compare(a,b):compare(a,b)});
[].forEach.call(table.tHead.rows[0].cells,function(c){c.removeAttribute("aria-sort")});
head.setAttribute("aria-sort",down?"descending":"ascending");
rows.forEach(function(r){body.appendChild(r)})}
[].forEach.call(document.querySelectorAll("table.sortable"),function(table){
if(table.tBodies[0].rows.length<3)return;
[].forEach.call(table.tHead.rows[0].cells,function(head,i){
var button=one("button",head.textContent);button.type="button";head.textContent="";head.appendChild(button);buttons.push([head,button]);
button.addEventListener("click",function(){sort(table,i,head)})})});
[].forEach.call(document.querySelectorAll("table.searchable"),function(table){
var label=one("label",zh?"筛选":"Filter"),box=document.createElement("input"),said=one("span","");
label.className="find";said.setAttribute("role","status");box.type="search";label.appendChild(box);label.appendChild(said);
table.parentNode.parentNode.insertBefore(label,table.parentNode);
box.addEventListener("input",function(){var n=0,want=box.value.trim().toLowerCase();
[].forEach.call(table.tBodies[0].rows,function(row){var on=row.textContent.toLowerCase().indexOf(want)>=0;row.hidden=!on;n+=on});
said.textContent=want?" "+n+(zh?" 条":" rows"):""})});
var filters=document.querySelector(".filters");
if(filters){filters.hidden=false;
var all=filters.querySelectorAll("select"),rows=[].slice.call(document.querySelectorAll("table.index tbody tr")),status=filters.querySelector("[role=status]");
filters.addEventListener("change",function(){var n=0;
rows.forEach(function(row){var on=[].every.call(all,function(s){return!s.value||row.getAttribute("data-"+s.name)===s.value});row.hidden=!on;n+=on});
status.textContent=n+(zh?" 份":" reports")})}
var toc=document.querySelector(".toc");
if(toc&&window.matchMedia("(min-width:1000px)").matches&&!(window.CSS&&CSS.supports("selector(::details-content)")))toc.open=true;
})();
